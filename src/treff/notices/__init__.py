"""What members or the operator must be told by mail: written with the deed, sent by `mail`."""
