"""An entry lets go of what it says of a person who was erased, and still of nothing else: docs/decisions/0027."""

from django.db import migrations

REDACT = """
CREATE OR REPLACE FUNCTION audit_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    redacted audit_auditentry%ROWTYPE := OLD;
BEGIN
    IF OLD.actor_kind = 'client' THEN
        redacted.actor_name := '';
    END IF;
    redacted.detail := (OLD.detail - ARRAY['title', 'reason', 'to', 'email']) || '{"redacted": true}';
    IF coalesce(current_setting('treff.redacting', true), '') <> '' AND NEW IS NOT DISTINCT FROM redacted THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'audit entries are never changed';
END $$;
"""
REFUSE = """
CREATE OR REPLACE FUNCTION audit_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are never changed';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]
    operations = [migrations.RunSQL(REDACT, REFUSE)]
