"""The database itself refuses to change an entry."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION audit_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit entries are never changed';
END $$;
CREATE TRIGGER audit_entry_is_final BEFORE UPDATE ON audit_auditentry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_is_final();
"""
ALLOW = """
DROP TRIGGER audit_entry_is_final ON audit_auditentry;
DROP FUNCTION audit_entry_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
