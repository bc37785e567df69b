"""The reconciler: keeps every appointment and its video meeting in step. Knows no vendor."""
