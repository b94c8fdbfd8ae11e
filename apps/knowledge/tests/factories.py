"""Collections with documents, made through the services that users go through."""

from apps.accounts.models import Team, User
from apps.knowledge import services
from apps.knowledge.models import Collection

RETURNS = "Items can be returned within fourteen days. The refund arrives three days after inspection."
DELIVERY = "Parcels leave the warehouse every evening. Islands take two days longer."
KOREAN = "환불은 상품 검수 후 사흘 안에 카드로 취소됩니다."


def collection(actor: User, team: Team, name: str = "handbook") -> Collection:
    return services.create_collection(actor=actor, team=team, name=name)


def handbook(actor: User, team: Team) -> Collection:
    made = collection(actor, team)
    for title, text in (("Returns", RETURNS), ("Delivery", DELIVERY), ("환불", KOREAN)):
        services.add_document(actor=actor, collection=made, title=title, text=text)
    return made
