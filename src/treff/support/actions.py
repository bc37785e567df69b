"""Every write about reports."""

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction

from treff.audit.actions import record
from treff.kernel import clock, texts
from treff.kernel.errors import N_, Invalid
from treff.notices.actions import tell_operator
from treff.notices.states import NoticeKind
from treff.support.errors import TooManyReports
from treff.support.models import IssueReport
from treff.support.ports import Draft
from treff.support.queries import about, reports
from treff.support.rules import LONGEST_TEXT, MOST_IN_AN_HOUR, without_secrets
from treff.workspaces.errors import NotAllowed
from treff.workspaces.models import Member
from treff.workspaces.ports import Scope
from treff.workspaces.states import Permission


def forget_about(workspace_id: int, ids: Collection[str]) -> int:
    """Reports about leads who are erased (privacy.ports.connect). How many; the operator's mails are not ours."""
    return about(workspace_id, ids).delete()[0]


def report_problem(scope: Scope, draft: Draft) -> IssueReport:
    """Keep it and tell the operator by mail; a draft that was sent already is the report that it became.

    What looks like a secret in the words is left out. Raises Invalid, NotAllowed, TooManyReports.
    """
    scope.require(Permission.SEE)
    if scope.member_id is None:
        raise NotAllowed
    text = without_secrets(texts.several_lines("text", draft.text, longest=LONGEST_TEXT))
    if not text:
        raise Invalid("text", N_("Please say in a few words what happened."))
    with transaction.atomic():
        member = Member.objects.select_for_update(no_key=True).get(pk=scope.member_id)  # one after the other
        sent = reports(scope).filter(public_id=draft.public_id).first()
        if sent is not None:
            return sent
        lately = clock.now() - timedelta(hours=1)
        if reports(scope).filter(created_at__gt=lately).count() >= MOST_IN_AN_HOUR:
            raise TooManyReports
        row = IssueReport.objects.create(
            public_id=draft.public_id,
            workspace_id=scope.workspace_id,
            member=member,
            text=text,
            facts=[[fact.kind.value, fact.text] for fact in draft.facts],
            noticed_at=draft.noticed_at,
        )
        record(scope.workspace_id, scope.actor, "problem.reported", row.public_id)
        tell_operator(NoticeKind.REPORTED, row.public_id, {"report": row.public_id})
    return row
