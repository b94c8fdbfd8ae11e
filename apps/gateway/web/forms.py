"""Forms of the gateway's pages."""

from typing import Any

from django import forms

MAX_CHARS = 20_000
VARIABLE = "variable-"


def _text(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ChatForm(forms.Form):
    """What to ask a route: a message, or a value for each variable of the prompt that the route puts calls into.

    Args:
        variables: of that prompt; None when the route has none.
    """

    def __init__(self, *args: Any, variables: list[str] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.variables = variables
        if variables is None:
            self.fields["message"] = forms.CharField(max_length=MAX_CHARS, widget=_text(4))
        for name in variables or []:
            self.fields[VARIABLE + name] = forms.CharField(label=name, max_length=MAX_CHARS, widget=_text(3))

    @property
    def asked(self) -> dict[str, Any]:
        """What to give `services.chat_as`, of a valid form."""
        if self.variables is None:
            return {"messages": [{"role": "user", "content": self.cleaned_data["message"]}]}
        values = {name: self.cleaned_data[VARIABLE + name] for name in self.variables}
        return {"messages": [], "variables": values}

    @property
    def said(self) -> list[str]:
        """What was asked, as the page shows it above the answer."""
        return [str(value) for value in self.cleaned_data.values()]
