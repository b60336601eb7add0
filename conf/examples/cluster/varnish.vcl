# /etc/varnish/default.vcl of cache1, before HAProxy. The responder says how long an answer may be kept (max_age) and
# which may not be kept at all; Varnish's built-in rules, which go on after these, obey that (so nothing here may return)
# and pass POST.
vcl 4.1;

backend stillgood {
	.host = "192.0.2.31";
	.port = "80";
	.connect_timeout = 2s;
	.first_byte_timeout = 10s;
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
