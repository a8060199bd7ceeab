import java.nio.file.Files;
import java.nio.file.Path;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.KeyStoreWrapper;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.FolderPluginsLoader;
import org.elasticsearch.xcontent.json.JsonXContent;

/**
 * One real node on 127.0.0.1: NodeLauncher HOME DATA PORT RUN_FILE [CERTIFICATE_FOLDER PASSWORD]. With a certificate
 * folder (node.crt, node.key) it speaks TLS and wants credentials: user elastic with this password. Ends when RUN_FILE
 * is removed, or after an hour: nothing that was started by a test stays.
 */
public final class NodeLauncher {
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]).toAbsolutePath();
    Path data = Path.of(arguments[1]).toAbsolutePath();
    boolean secured = arguments.length > 4;
    Path config = data.resolve("config");
    Files.createDirectories(config);
    Settings.Builder settings = Settings.builder()
        .put("path.home", home.toString())
        .put("path.data", data.resolve("data").toString())
        .put("path.logs", data.resolve("logs").toString())
        .put("node.name", "fixture")
        .put("cluster.name", "sentinelops-tests")
        .put("discovery.type", "single-node")
        .put("network.host", "127.0.0.1")
        .put("http.port", arguments[2])
        .put("transport.port", "0")
        .put("action.destructive_requires_name", false)
        .put("cluster.max_shards_per_node", 5000)
        .put("cluster.routing.allocation.disk.threshold_enabled", false);
    if (secured) {
      Path certificates = Path.of(arguments[4]);
      for (String name : new String[] {"node.crt", "node.key"}) {
        Files.write(config.resolve(name), Files.readAllBytes(certificates.resolve(name)));
      }
      KeyStoreWrapper secrets = KeyStoreWrapper.create();
      secrets.setString("bootstrap.password", arguments[5].toCharArray());
      settings.setSecureSettings(secrets);
      settings.put("xpack.security.enabled", true)
          .put("xpack.security.authc.api_key.enabled", true)
          .put("xpack.security.http.ssl.enabled", true)
          .put("xpack.security.http.ssl.certificate", "node.crt")
          .put("xpack.security.http.ssl.key", "node.key");
    } else {
      settings.put("xpack.security.enabled", false).put("transport.type", "netty4").put("http.type", "netty4");
    }
    LogConfigurator.registerErrorListener();
    LogConfigurator.setNodeName("fixture");
    LogConfigurator.configureWithoutConfig(Settings.builder().put("logger.level", "WARN").build());
    // Its extensions are found through the context loader of the first thread that asks.
    JsonXContent.contentBuilder().close();

    Environment environment = new Environment(settings.build(), config);
    Node node = new Node(environment, new FolderPluginsLoader(home.resolve("modules")));
    node.start();
    System.out.println("listening " + arguments[2]);
    System.out.flush();
    long end = System.nanoTime() + 3_600_000_000_000L;
    while (Files.exists(Path.of(arguments[3])) && System.nanoTime() < end) {
      Thread.sleep(200);
    }
    node.close();
    System.exit(0);
  }
}
