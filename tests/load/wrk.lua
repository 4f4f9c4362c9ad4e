-- What wrk sends, and how it tells the outcome.
wrk.headers["Authorization"] = "Bearer " .. os.getenv("LOAD_TOKEN")
wrk.headers["Accept"] = "text/html"

function done(summary, latency)
	local e = summary.errors
	print(string.format('{"done": %d, "us": %d, "p50us": %d, "p99us": %d, "errors": %d}',
		summary.requests, summary.duration, latency:percentile(50),
		latency:percentile(99),
		e.connect + e.read + e.write + e.status + e.timeout))
end
