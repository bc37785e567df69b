"""What stands in the path of an address. What can be no id is an object that is not there: the same 404."""

from typing import Annotated

from ninja import Path

PublicId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_]{1,60}$", description="A public id.")]
BookingTypeSlug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$", description="The booking type's slug.")]
