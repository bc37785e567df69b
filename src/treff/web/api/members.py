"""/members"""

from ninja import Router

from treff.web.api import schemas
from treff.web.api.auth import ApiRequest, needs
from treff.workspaces import queries
from treff.workspaces.states import Permission

router = Router(tags=["Workspace"])


@router.get("", response=list[schemas.Member], operation_id="list_members", summary="List members by name")
@needs(Permission.SEE)
def list_members(request: ApiRequest) -> list[schemas.Member]:
    return [
        schemas.Member(
            id=member.public_id,
            name=member.user.name,
            email=member.user.email,
            role=member.role,
            time_zone=member.time_zone,
        )
        for member in queries.members(request.auth)
    ]
