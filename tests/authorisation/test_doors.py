"""A door says which permission it needs, or it cannot be built; and it answers only when that was asked for."""

from typing import ClassVar

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import path
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate

from apps.accounts.models import User
from apps.core.api.views import PortalAPIView
from apps.core.doors import (
    OWN,
    PUBLIC,
    SIGNED_IN,
    PermissionNotAskedError,
    PermissionNotDeclaredError,
    note_answered_before,
    note_asked,
    refuse_unasked,
    watched_door,
)
from apps.core.web.pages import needs
from llmops_portal.addresses import declared

SOMEBODY = User(username="mina")


class TestAnAPIView:
    def test_that_declares_nothing_fails_when_its_module_is_imported(self):
        with pytest.raises(PermissionNotDeclaredError, match=r"Silent does not say which permission .* for get"):

            class Silent(PortalAPIView):
                def get(self, request):
                    return Response({})

    def test_that_declares_one_method_of_two_fails(self):
        with pytest.raises(PermissionNotDeclaredError, match="for delete"):

            class Half(PortalAPIView):
                permissions: ClassVar = {"get": "read"}

                def get(self, request):
                    return Response({})

                def delete(self, request):
                    return Response({})

    def test_that_declares_what_it_does_not_answer_fails(self):
        with pytest.raises(PermissionNotDeclaredError, match="does not answer post"):

            class Boasting(PortalAPIView):
                permissions: ClassVar = {"post": "edit"}

    def test_that_asks_for_less_than_it_declares_does_not_answer(self):
        class Careless(PortalAPIView):
            permissions: ClassVar = {"get": "edit"}

            def get(self, request):
                note_asked("read")
                return Response({"secret": 1})

        request = APIRequestFactory().get("/")
        force_authenticate(request, SOMEBODY)

        with pytest.raises(PermissionNotAskedError, match="Careless needs edit, and only read was asked for"):
            Careless.as_view()(request)

    def test_answers_head_as_get(self):
        class Careful(PortalAPIView):
            permissions: ClassVar = {"get": ("edit", "read")}

            def get(self, request):
                note_asked("read")
                return Response({})

        request = APIRequestFactory().head("/")
        force_authenticate(request, SOMEBODY)

        assert Careful.as_view()(request).status_code == 200


def shown(request: HttpRequest) -> HttpResponse:
    return HttpResponse("shown")


def asked(request: HttpRequest) -> HttpResponse:
    note_asked("read")
    return HttpResponse("shown")


def called(view, method="get", user=SOMEBODY):
    request = getattr(RequestFactory(), method)("/")
    request.user = user
    return view(request)


class TestAPage:
    def test_that_asked_for_nothing_is_not_shown(self):
        with pytest.raises(PermissionNotAskedError, match="shown needs read, and only nothing was asked for"):
            called(needs("read")(shown))

    def test_is_shown_once_it_was_asked_for(self):
        assert called(needs("read")(asked)).status_code == 200

    def test_that_is_ones_own_needs_no_role(self):
        assert called(needs(SIGNED_IN)(shown)).status_code == 200

    def test_sends_a_stranger_to_the_sign_in(self):
        assert called(needs("read")(asked), user=AnonymousUser()).status_code == 302
        assert called(needs(PUBLIC)(shown), user=AnonymousUser()).status_code == 200

    def test_answers_no_method_that_it_does_not_declare(self):
        answer = called(needs("read")(asked), method="post")

        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
        assert called(needs(post="read")(asked)).status_code == 405


class TestTheListOfAddresses:
    def test_cannot_be_imported_with_a_view_that_declares_nothing(self):
        with pytest.raises(PermissionNotDeclaredError, match="/secrets/ does not say"):
            tuple(declared([path("secrets/", shown)]))

    def test_tells_what_each_needs(self):
        (address,) = declared([path("models/", needs("read", post="edit")(asked))])

        assert (address.path, address.permissions) == ("models/", {"get": "read", "post": "edit"})


class TestAnAnswer:
    def test_that_refuses_or_leads_elsewhere_needs_nothing(self):
        for status in (302, 403, 404, 422):
            refuse_unasked("a door", "edit", set(), status)

    def test_given_once_more_needs_nothing_again(self):
        with watched_door() as found:
            note_answered_before()

        refuse_unasked("a door", "edit", found, 200)

    def test_about_ones_own_needs_that_somebody_checked_whose_it_is(self):
        with pytest.raises(PermissionNotAskedError, match="needs its owner"):
            refuse_unasked("a door", OWN, {"read"}, 200)

    def test_of_an_inner_door_is_not_taken_for_that_of_the_outer(self):
        with watched_door() as outer, watched_door():
            note_asked("edit")

        assert outer == set()
