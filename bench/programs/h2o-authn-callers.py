"""Many callers at once of one cold user, by the official token provider.

Reads `{"issuer", "clientId", "refreshToken", "callers"}` from standard input and prints how many of them got a token.
"""

import asyncio
import json
import sys

import h2o_authn

given = json.load(sys.stdin)


async def main():
    provider = h2o_authn.AsyncTokenProvider(
        refresh_token=given["refreshToken"], client_id=given["clientId"], issuer_url=given["issuer"]
    )
    results = await asyncio.gather(*(provider.token() for _ in range(given["callers"])), return_exceptions=True)
    return sum(not isinstance(result, BaseException) for result in results)


print(json.dumps({"served": asyncio.run(main())}))
