"""Forms of the knowledge pages. They read; the services decide."""

from django import forms

from apps.accounts.owners import OwnerForm
from apps.knowledge.services import TEXT_MAX_CHARACTERS


class CollectionForm(OwnerForm):
    name = forms.CharField(max_length=100, help_text="Lower-case letters, digits and hyphens.")
    description = forms.CharField(max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class DocumentForm(forms.Form):
    title = forms.CharField(max_length=300)
    text = forms.CharField(
        strip=False,
        max_length=TEXT_MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Plain text. It is cut into passages of up to 800 characters.",
    )


class SearchForm(forms.Form):
    q = forms.CharField(label="Look for", max_length=2000, help_text="A word or a sentence.")
