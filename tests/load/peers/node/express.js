// What most teams write on Node: express, cookie-session, jsonwebtoken,
// twitter-api-v2.  The redirect to X alone.
import cluster from 'node:cluster';
import cookieSession from 'cookie-session';
import express from 'express';
import jwt from 'jsonwebtoken';
import { TwitterApi } from 'twitter-api-v2';

const { env } = process;
const SCOPES = ['tweet.read', 'tweet.write', 'users.read', 'offline.access'];

// The library spells the method in lower case, which X takes and RFC 7636 does not.
function authorizeUrl(url) {
	const there = new URL(url), here = new URL(env.TWITTER_AUTHORIZE_URL);
	here.search = there.search;
	here.searchParams.set('code_challenge_method', 'S256');
	return here.href;
}

function signedIn(req, res, next) {
	const [scheme, token] = (req.headers.authorization ?? '').split(' ');
	if (scheme !== 'Bearer' || !token) return res.status(401).json({ error: 'sign in' });
	try {
		req.user = jwt.verify(token, env.SUPABASE_JWT_SECRET, { algorithms: ['HS256'], audience: 'authenticated' });
	} catch {
		return res.status(401).json({ error: 'sign in again' });
	}
	return next();
}

function serve() {
	const app = express();
	const oauth = new TwitterApi({ clientId: env.TWITTER_CLIENT_ID });
	app.set('trust proxy', 1);
	app.use(cookieSession({ name: 'attempt', keys: [env.PEER_KEY], maxAge: 600_000, httpOnly: true, sameSite: 'lax' }));
	app.get('/api/auth/twitter/initiate', signedIn, (req, res) => {
		const { url, state, codeVerifier } = oauth.generateOAuth2AuthLink(env.TWITTER_REDIRECT_URI, { scope: SCOPES });
		req.session.attempt = { state, codeVerifier, user: req.user.sub };
		res.redirect(authorizeUrl(url));
	});
	app.listen(Number(env.PEER_PORT), '127.0.0.1', 1024);
}

if (cluster.isPrimary) for (let n = 0; n < Number(env.PEER_PROCESSES); n++) cluster.fork();
else serve();
