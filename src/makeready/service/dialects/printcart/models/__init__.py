"""What clients of the printcart API send and get: names, defaults and bounds as its documentation prints them.

Background removal spells its fields with underscores, everything else in camelCase. Requests are taken literally: a
field that does not exist, or a number in quotes, is an error and never a guess.
"""

from __future__ import annotations

from makeready.service.dialects.printcart.models.background import (
    BackgroundCreated,
    BackgroundJob,
    BackgroundRequest,
)
from makeready.service.dialects.printcart.models.common import (
    ID,
    ErrorBody,
    InsufficientTokens,
)
from makeready.service.dialects.printcart.models.fixing import (
    FixCreated,
    FixCreatedAnswer,
    FixJob,
    FixJobAnswer,
    FixOptions,
    FixRequest,
    PlannedFix,
    SkippedFix,
    TokenCost,
)
from makeready.service.dialects.printcart.models.preflight import (
    CheckRequest,
    DpiScore,
    DpiScoreAnswer,
    DpiScoreRequest,
    Issue,
    ProductProfile,
    Report,
    ReportAnswer,
    ReportsAnswer,
)
from makeready.service.dialects.printcart.models.wallet import (
    Transaction,
    TransactionsAnswer,
    Wallet,
    WalletAnswer,
)

__all__ = [
    "ID",
    "BackgroundCreated",
    "BackgroundJob",
    "BackgroundRequest",
    "CheckRequest",
    "DpiScore",
    "DpiScoreAnswer",
    "DpiScoreRequest",
    "ErrorBody",
    "FixCreated",
    "FixCreatedAnswer",
    "FixJob",
    "FixJobAnswer",
    "FixOptions",
    "FixRequest",
    "InsufficientTokens",
    "Issue",
    "PlannedFix",
    "ProductProfile",
    "Report",
    "ReportAnswer",
    "ReportsAnswer",
    "SkippedFix",
    "TokenCost",
    "Transaction",
    "TransactionsAnswer",
    "Wallet",
    "WalletAnswer",
]
