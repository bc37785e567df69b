"""Mails: a second reconciler, between what is and what each recipient was told."""
