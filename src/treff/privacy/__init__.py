"""What one person may ask of whoever keeps data about them: to see all of it, and to be erased."""
