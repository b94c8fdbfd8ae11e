"""Writes of knowledge: collections and their documents."""

import hashlib
import re

from django.db import IntegrityError, transaction

from apps.accounts.models import Project, Team, User
from apps.accounts.permissions import Permission
from apps.accounts.selectors import require, require_on_team
from apps.core.errors import BrokenRule, NotFoundError
from apps.governance.dependants import delete_unless_needed
from apps.governance.services import record_event
from apps.knowledge.chunking import passages
from apps.knowledge.embedding import embed
from apps.knowledge.errors import CollectionNameTakenError, DocumentKnownError, DocumentRefusedError
from apps.knowledge.models import Chunk, Collection, Document

TEXT_MAX_CHARACTERS = 1_000_000
_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,99}$")


@transaction.atomic
def create_collection(
    *, actor: User, team: Team, project: Project | None = None, name: str, description: str = ""
) -> Collection:
    """Make an empty collection.

    Raises:
        DocumentRefusedError: the name is not plain.
        CollectionNameTakenError: the team has one of this name.
    """
    require_on_team(actor, Permission.EDIT, team, project)
    if not _NAME.match(name):
        mend = "Use lower-case letters, digits and hyphens, up to 100."
        rule = BrokenRule("collection_name_plain", "name", f"'{name[:110]}' cannot be a collection's name.", mend)
        raise DocumentRefusedError(rule.message, rules=[rule])
    try:
        with transaction.atomic():
            collection = Collection.objects.create(
                owner_team=team, project=project, name=name, description=description, created_by=actor
            )
    except IntegrityError:
        raise CollectionNameTakenError(name=name) from None
    record_event(actor=actor, action="collection.create", subject=collection, after={"name": name})
    return collection


@transaction.atomic
def delete_collection(*, actor: User, collection: Collection) -> None:
    """Delete a collection with its documents, unless something else needs it.

    Raises:
        HasDependantsError: lists what does.
    """
    locked = Collection.objects.select_for_update(of=("self",)).get(pk=collection.pk)
    require(actor, Permission.EDIT, locked)
    before = {"name": locked.name, "documents": locked.documents.count()}
    record_event(actor=actor, action="collection.delete", subject=locked, before=before)
    delete_unless_needed(actor=actor, subject=locked)


def add_document(*, actor: User, collection: Collection, title: str, text: str) -> Document:
    """Add a text to a collection: cut into passages, each with its embedding.

    Raises:
        DocumentRefusedError: the text is empty, too long, or holds NUL characters.
        DocumentKnownError: the collection has this very text already.
    """
    require(actor, Permission.EDIT, collection)
    _refuse_unusable(title, text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    pieces = passages(text)
    vectors = [embed(piece) for piece in pieces]  # takes a while for a long text, so it comes before the lock
    with transaction.atomic():
        locked = Collection.objects.select_for_update(of=("self",)).get(pk=collection.pk)
        require(actor, Permission.EDIT, locked)
        if known := locked.documents.filter(sha256=sha256).first():
            raise DocumentKnownError(title=known.title)
        document = Document.objects.create(collection=locked, title=title, sha256=sha256, created_by=actor)
        Chunk.objects.bulk_create(
            [
                Chunk(document=document, position=position, text=piece, embedding=vector)
                for position, (piece, vector) in enumerate(zip(pieces, vectors, strict=True))
            ],
            batch_size=500,
        )
        after = {"document_id": str(document.pk), "title": title, "sha256": sha256, "passages": len(pieces)}
        record_event(actor=actor, action="collection.add_document", subject=locked, after=after)
    return document


@transaction.atomic
def remove_document(*, actor: User, document: Document) -> None:
    """Take a document out of its collection, with its passages."""
    collection = Collection.objects.select_for_update(of=("self",)).get(pk=document.collection_id)
    require(actor, Permission.EDIT, collection)
    removed = collection.documents.filter(pk=document.pk).first()
    if removed is None:
        raise NotFoundError
    before = {"document_id": str(removed.pk), "title": removed.title, "sha256": removed.sha256}
    record_event(actor=actor, action="collection.remove_document", subject=collection, before=before)
    removed.delete()


def _refuse_unusable(title: str, text: str) -> None:
    broken = []
    if not title.strip():
        broken.append(BrokenRule("document_has_title", "title", "The document has no title.", "Give it one."))
    if not text.strip():
        broken.append(BrokenRule("document_has_text", "text", "The document has no text.", "Add some."))
    if len(text) > TEXT_MAX_CHARACTERS:
        why = f"The text has {len(text)} characters; at most {TEXT_MAX_CHARACTERS} are taken."
        broken.append(BrokenRule("document_bounded", "text", why, "Split it into several documents."))
    if "\0" in text or "\0" in title:
        broken.append(BrokenRule("document_is_text", "text", "The text holds NUL characters.", "Remove them."))
    if broken:
        raise DocumentRefusedError(" ".join(rule.message for rule in broken), rules=broken)
