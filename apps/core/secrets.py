"""Secrets in texts that people write: keys and tokens whose form gives them away, by the detectors of detect-secrets.

Passwords have no form and are not found. Nothing is sent anywhere to see whether a key is live.
"""

from collections.abc import Iterator

from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

DETECTORS = (
    ArtifactoryDetector(),
    AWSKeyDetector(),
    AzureStorageKeyDetector(),
    BasicAuthDetector(),
    CloudantDetector(),
    DiscordBotTokenDetector(),
    GitHubTokenDetector(),
    GitLabTokenDetector(),
    JwtTokenDetector(),
    MailchimpDetector(),
    NpmDetector(),
    OpenAIDetector(),
    PrivateKeyDetector(),
    PypiTokenDetector(),
    SendGridDetector(),
    SlackDetector(),
    SquareOAuthDetector(),
    StripeDetector(),
    TelegramBotTokenDetector(),
    TwilioKeyDetector(),
)
WINDOW = 2_000  # characters that are searched at once: some detectors take the square of it
OVERLAP = 500  # a longer secret, such as a token with many claims, is found only where it lies within one window


def secret_kinds(*texts: str) -> list[str]:
    """Return the kinds of secrets in `texts`, each once and in order, such as "AWS Access Key"."""
    return sorted({kind for text in texts for part in _windows(text) for kind in _kinds_in(part)})


def _kinds_in(text: str) -> Iterator[str]:
    for detector in DETECTORS:
        if next(iter(detector.analyze_string(text)), None) is not None:
            yield detector.secret_type


def _windows(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for start in range(0, max(len(line) - OVERLAP, 1), WINDOW - OVERLAP):
            yield line[start : start + WINDOW]
