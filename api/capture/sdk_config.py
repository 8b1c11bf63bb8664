"""What SDKs ask for besides capture: remote config and feature flags. There are none of either.

Source: what posthog-js 1.449 and 1.160 were seen to need; without it they log errors, or give up
compressing what they send.
"""

import json
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from domain.values import Properties

_COMPRESSION = ["gzip", "gzip-js"]
# JSON is JavaScript, but these signs could end a script in a page.
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


async def config_script(request: Request) -> Response:
    """GET /array/{token}/config.js: the config as a script that puts it where posthog-js looks."""
    token = request.path_params["token"]
    said = _literal({"config": _config(token), "siteApps": []})
    script = (
        "(window._POSTHOG_REMOTE_CONFIG = window._POSTHOG_REMOTE_CONFIG || {})"
        f"[{_literal(token)}] = {said};\n"
    )
    return Response(script, media_type="application/javascript", headers=_NO_SNIFFING)


async def config(request: Request) -> JSONResponse:
    """GET /array/{token}/config: the config of posthog-js and react-native, all of it off."""
    return JSONResponse(_config(request.path_params["token"]), headers=_NO_SNIFFING)


async def flags(request: Request) -> JSONResponse:
    """POST /flags: no feature flags."""
    return JSONResponse(
        {
            "flags": {},
            "featureFlags": {},
            "featureFlagPayloads": {},
            "errorsWhileComputingFlags": False,
            "requestId": str(uuid4()),
        }
    )


async def decide(request: Request) -> JSONResponse:
    """POST /decide: config and feature flags in one, as old SDKs ask for them."""
    return JSONResponse(
        {
            "config": {"enable_collect_everything": True},
            "supportedCompression": _COMPRESSION,
            "featureFlags": {},
            "sessionRecording": False,
            "siteApps": [],
            "toolbarParams": {},
            "isAuthenticated": False,
            "editorParams": {},
        }
    )


_NO_SNIFFING = {"X-Content-Type-Options": "nosniff"}


def _config(token: str) -> Properties:
    return {
        "token": token,
        "supportedCompression": _COMPRESSION,
        "hasFeatureFlags": False,
        "sessionRecording": False,
        "autocapture_opt_out": False,
        "surveys": False,
        "heatmaps": False,
        "capturePerformance": False,
        "siteApps": [],
    }


def _literal(value: Properties | str) -> str:
    """Return a JavaScript literal that is safe wherever a script may stand; all of it is ASCII."""
    return json.dumps(value).translate(_UNSAFE)
