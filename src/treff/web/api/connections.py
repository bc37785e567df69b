"""/connections"""

from datetime import UTC

from ninja import Router

from treff.conferencing import queries
from treff.web.api import schemas
from treff.web.api.auth import ApiRequest, needs
from treff.workspaces.states import Permission

router = Router(tags=["Workspace"])


@router.get(
    "",
    response=list[schemas.Connection],
    operation_id="list_connections",
    summary="List connected video accounts",
    description="The workspace's accounts, then those that members connected for their own appointments.",
)
@needs(Permission.SEE)
def list_connections(request: ApiRequest) -> list[schemas.Connection]:
    return [
        schemas.Connection(
            provider=connection.provider,
            state=connection.grant.state,
            email=connection.grant.email,
            display_name=connection.grant.display_name,
            external_user_id=connection.grant.external_user_id,
            member_id=connection.member.public_id if connection.member else None,
            connected_at=connection.connected_at.astimezone(UTC),
        )
        for connection in queries.connections(request.auth)
    ]
