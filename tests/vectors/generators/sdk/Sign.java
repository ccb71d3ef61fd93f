// Signs one message with the official SDK of its provider; called by by_java.py. Reads a command and
// its values, one a line in Base64, and writes what the SDK answers.

import com.alipay.global.api.base64.Base64Encryptor;
import com.alipay.global.api.tools.SignatureTool;
import com.wechat.pay.java.core.cipher.AeadAesCipher;
import com.wechat.pay.java.core.cipher.RSASigner;
import com.wechat.pay.java.core.cipher.RSAVerifier;
import com.wechat.pay.java.core.notification.NotificationParser;
import com.wechat.pay.java.core.notification.RequestParam;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

public class Sign {
  private static final String SIGNED = "WECHATPAY2-SHA256-RSA2048";
  private static final String SEALED = "AEAD_AES_256_GCM";

  public static void main(String[] ignored) throws Exception {
    String told = new String(System.in.readAllBytes(), StandardCharsets.US_ASCII);
    List<String> given = told.lines()
        .map(line -> new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8))
        .collect(Collectors.toList());
    String[] values = given.subList(1, given.size()).toArray(new String[0]);
    switch (given.get(0)) {
      case "antom" -> System.out.print(antom(values));
      case "wechat-seal" -> System.out.print(new AeadAesCipher(octets(values[0]))
          .encrypt(octets(values[1]), octets(values[2]), octets(values[3])));
      case "wechat-sign" -> System.out.print(wechat(values));
      default -> throw new IllegalArgumentException(given.get(0));
    }
  }

  private static String antom(String[] values) throws Exception {
    // Its own way to read Base64 went away with Java 11.
    SignatureTool.setBase64Encryptor(new Base64Encryptor() {
      @Override
      public String encodeToString(byte[] octets) {
        return Base64.getEncoder().encodeToString(octets);
      }

      @Override
      public byte[] decode(String text) {
        return Base64.getDecoder().decode(text);
      }
    });
    return SignatureTool.sign(
        values[0], values[1], values[2], values[3], values[4], values[5]);
  }

  /** Returns the signature, once the SDK's own parser has taken the notification. */
  private static String wechat(String[] values) throws Exception {
    String kid = values[2], stamp = values[4], nonce = values[5], body = values[6];
    KeyFactory keys = KeyFactory.getInstance("RSA");
    byte[] pkcs8 = Base64.getDecoder().decode(values[0]);
    byte[] spki = Base64.getDecoder().decode(values[1]);
    PrivateKey own = keys.generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    PublicKey theirs = keys.generatePublic(new X509EncodedKeySpec(spki));
    String text = stamp + "\n" + nonce + "\n" + body + "\n";
    String signature = new RSASigner(kid, own).sign(text).getSign();
    RequestParam request = new RequestParam.Builder()
        .serialNumber(kid).nonce(nonce).timestamp(stamp).signature(signature)
        .signType(SIGNED).body(body).build();
    NotificationParser parser = new NotificationParser(
        Map.of(SIGNED, new RSAVerifier(theirs, kid)),
        Map.of(SEALED, new AeadAesCipher(octets(values[3]))));
    parser.parse(request, Map.class);
    return signature;
  }

  private static byte[] octets(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
