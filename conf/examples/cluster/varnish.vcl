# /etc/varnish/default.vcl of cache1, before HAProxy. The responder says how long an answer may be kept (max_age) and
# which may not be kept at all; Varnish's built-in rules, which go on after these, obey that (so nothing else here may
# return) and pass POST. What has changed the responders tell.
vcl 4.1;

import xkey;

backend stillgood {
	.host = "192.0.2.31";
	.port = "80";
	.connect_timeout = 2s;
	.first_byte_timeout = 10s;
}

# The responders, and nobody else.
acl tellers {
	"192.0.2.21";
	"192.0.2.22";
	"192.0.2.23";
}

sub vcl_recv {
	if (req.method == "PURGE") {
		if (client.ip !~ tellers) {
			return (synth(403));
		}
		if (!req.http.xkey-purge) {
			return (synth(400));
		}
		set req.http.x-gone = xkey.purge(req.http.xkey-purge);
		return (synth(200, req.http.x-gone));
	}
}

# One answer for all names that clients have for this place.
sub vcl_hash {
	hash_data(req.url);
	return (lookup);
}

sub vcl_backend_response {
	# Nothing is given out once its time is over, also where nobody behind it answers.
	set beresp.grace = 0s;
	set beresp.keep = 0s;
	if (beresp.status != 200) {
		set beresp.uncacheable = true;
		set beresp.ttl = 0s;
	}
}

sub vcl_deliver {
	unset resp.http.xkey;
}
