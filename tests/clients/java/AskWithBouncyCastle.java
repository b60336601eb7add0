import java.io.FileReader;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509ContentVerifierProviderBuilder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * Asks with Bouncy Castle's own OCSP classes and checks everything that they let one check.
 *
 * Arguments: CA then URL CERT, any number of times. One line for each pair: the status, or
 * "error N" for an OCSP error. Anything that does not verify ends the program with an exception.
 */
public final class AskWithBouncyCastle {
	private static X509CertificateHolder read(String path) throws Exception {
		try (var parser = new PEMParser(new FileReader(path))) {
			return (X509CertificateHolder) parser.readObject();
		}
	}

	private static void require(boolean truth, String what) {
		if (!truth)
			throw new IllegalStateException(what);
	}

	private static CertificateID question(X509CertificateHolder ca, BigInteger serial)
		throws Exception {
		var digests = new JcaDigestCalculatorProviderBuilder().build();
		return new CertificateID(digests.get(CertificateID.HASH_SHA1), ca, serial);
	}

	private static byte[] post(String url, OCSPReq request) throws Exception {
		var http = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20))
			.header("Content-Type", "application/ocsp-request")
			.POST(HttpRequest.BodyPublishers.ofByteArray(request.getEncoded())).build();
		var reply = HttpClient.newHttpClient().send(http,
							    HttpResponse.BodyHandlers.ofByteArray());
		require(reply.statusCode() == 200, "HTTP " + reply.statusCode());
		return reply.body();
	}

	/** The delegate comes first, is the CA's, and may sign answers (P-26). */
	private static X509CertificateHolder delegate(BasicOCSPResp basic, X509CertificateHolder ca)
		throws Exception {
		var signer = basic.getCerts()[0];
		require(signer.isSignatureValid(new JcaX509ContentVerifierProviderBuilder().build(ca)),
			"the signer's certificate is not the CA's");
		require(ExtendedKeyUsage.fromExtensions(signer.getExtensions())
				.hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning),
			"the signer may not sign answers");
		require(signer.isValidOn(new Date()), "the signer is out of date");
		return signer;
	}

	private static SingleResp verified(BasicOCSPResp basic, X509CertificateHolder ca,
					   CertificateID asked, Extension nonce) throws Exception {
		var signer = delegate(basic, ca);
		require(basic.isSignatureValid(
				new JcaX509ContentVerifierProviderBuilder().build(signer)),
			"the signature is wrong");
		require(nonce.equals(basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce)),
			"the nonce differs (P-16)");
		require(basic.getResponses().length == 1, "one question, one answer (P-11)");
		var single = basic.getResponses()[0];
		require(single.getCertID().equals(asked), "the CertID differs (P-10)");
		require(single.getCriticalExtensionOIDs().isEmpty(), "a critical extension (P-30)");
		var now = new Date();
		require(!single.getThisUpdate().after(basic.getProducedAt())
				&& !basic.getProducedAt().after(new Date(now.getTime() + 1000))
				&& single.getNextUpdate().after(now), "the times are wrong (P-27)");
		return single;
	}

	private static String name(CertificateStatus status) {
		if (status == CertificateStatus.GOOD)
			return "good";
		if (status instanceof RevokedStatus revoked)
			return "revoked " + (revoked.hasRevocationReason()
				? revoked.getRevocationReason() : "without reason");
		return "unknown";
	}

	private static String ask(X509CertificateHolder ca, String url, String path)
		throws Exception {
		byte[] octets = new byte[32];
		new SecureRandom().nextBytes(octets);
		var nonce = new Extension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false,
					  new DEROctetString(octets).getEncoded());
		var asked = question(ca, read(path).getSerialNumber());
		var answer = post(url, new OCSPReqBuilder().addRequest(asked)
			.setRequestExtensions(new Extensions(nonce)).build());
		require(Arrays.equals(answer, ASN1Primitive.fromByteArray(answer)
				.getEncoded(ASN1Encoding.DER)), "not DER (P-24)");
		var response = new OCSPResp(answer);
		if (response.getStatus() != OCSPResp.SUCCESSFUL)
			return "error " + response.getStatus();
		return name(verified((BasicOCSPResp) response.getResponseObject(), ca, asked, nonce)
			.getCertStatus());
	}

	public static void main(String[] words) throws Exception {
		X509CertificateHolder ca = read(words[0]);
		for (int i = 1; i + 1 < words.length; i += 2)
			System.out.println(ask(ca, words[i], words[i + 1]));
	}
}
