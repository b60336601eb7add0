import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.security.Security;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * Validates certificates as a Java program does, with online revocation checking.
 *
 * Arguments: PROVIDER CA then soft|hard URL|- CERT, any number of times; "-" asks where the
 * certificate says. One line for each three: "valid", "valid SOFT-FAILURES", or the exception's
 * reason and message.
 */
public final class CheckRevocation {
	private static X509Certificate read(String path) throws Exception {
		try (InputStream in = new FileInputStream(path)) {
			return (X509Certificate) CertificateFactory.getInstance("X.509")
				.generateCertificate(in);
		}
	}

	private static PKIXRevocationChecker checker(CertPathValidator validator, String url,
						     boolean soft) {
		var options = EnumSet.of(PKIXRevocationChecker.Option.ONLY_END_ENTITY,
					 PKIXRevocationChecker.Option.NO_FALLBACK);
		if (soft)
			options.add(PKIXRevocationChecker.Option.SOFT_FAIL);
		var made = (PKIXRevocationChecker) validator.getRevocationChecker();
		made.setOptions(options);
		if (!url.equals("-"))
			made.setOcspResponder(URI.create(url));
		return made;
	}

	private static String failure(CertPathValidatorException e) {
		Throwable cause = e;
		while (cause.getCause() != null && !(cause instanceof CertificateRevokedException))
			cause = cause.getCause();
		if (cause instanceof CertificateRevokedException revoked)
			return "REVOKED " + revoked.getRevocationReason();
		return e.getReason() + " " + e.getMessage();
	}

	private static String validate(String provider, X509Certificate ca, String url,
				       boolean soft, X509Certificate certificate) throws Exception {
		var validator = CertPathValidator.getInstance("PKIX", provider);
		var checker = checker(validator, url, soft);
		var parameters = new PKIXParameters(Set.of(new TrustAnchor(ca, null)));
		parameters.addCertPathChecker(checker);
		var path = CertificateFactory.getInstance("X.509")
			.generateCertPath(List.of(certificate));
		try {
			validator.validate(path, parameters);
			var failures = checker.getSoftFailExceptions(); /* Bouncy Castle has null */
			return failures == null || failures.isEmpty()
				? "valid" : "valid " + failures.size();
		} catch (CertPathValidatorException e) {
			return failure(e);
		}
	}

	public static void main(String[] words) throws Exception {
		if (words[0].equals("BC"))
			Security.addProvider((java.security.Provider) Class
				.forName("org.bouncycastle.jce.provider.BouncyCastleProvider")
				.getDeclaredConstructor().newInstance());
		X509Certificate ca = read(words[1]);
		for (int i = 2; i + 2 < words.length; i += 3)
			System.out.println(validate(words[0], ca, words[i + 1],
						    words[i].equals("soft"), read(words[i + 2])));
	}
}
