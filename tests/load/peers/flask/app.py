"""What a team writes on Python to connect an X account: Flask and Authlib."""
import json
import os
import time

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebToken
from cryptography.fernet import Fernet
from flask import Flask, abort, redirect, request

app = Flask(__name__)
SECRET = os.environ["SUPABASE_JWT_SECRET"]
SEAL = Fernet(os.environ["PEER_FERNET_KEY"])
JWT = JsonWebToken(["HS256"])
CLAIMS = {"sub": {"essential": True}, "aud": {"essential": True, "value": "authenticated"}, "exp": {"essential": True}}


def caller():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        abort(401)
    try:
        claims = JWT.decode(token, SECRET, claims_options=CLAIMS)
        claims.validate(leeway=30)
    except Exception:
        abort(401)
    return claims["sub"]


@app.get("/api/auth/twitter/initiate")
def initiate():
    user = caller()
    verifier = generate_token(48)
    client = OAuth2Session(os.environ["TWITTER_CLIENT_ID"], redirect_uri=os.environ["TWITTER_REDIRECT_URI"],
                           scope="tweet.read tweet.write users.read offline.access", code_challenge_method="S256")
    url, state = client.create_authorization_url(os.environ["TWITTER_AUTHORIZE_URL"], code_verifier=verifier)
    attempt = json.dumps({"state": state, "verifier": verifier, "user": user, "expires": time.time() + 600})
    answer = redirect(url)
    answer.set_cookie("attempt", SEAL.encrypt(attempt.encode()).decode(), max_age=600, httponly=True, samesite="Lax")
    return answer
