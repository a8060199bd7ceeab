import java.nio.file.Files;
import java.nio.file.Path;
import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * One real OpenSearch node on 127.0.0.1: OpenSearchLauncher DATA PORT RUN_FILE. Ends when RUN_FILE
 * is removed, or after an hour.
 */
public final class OpenSearchLauncher {
  public static void main(String[] arguments) throws Exception {
    OpenSearchRunner runner = new OpenSearchRunner();
    runner.onBuild((number, settings) -> {
      settings.put("http.port", arguments[1]);
      settings.put("http.host", "127.0.0.1");
      settings.put("transport.host", "127.0.0.1");
      settings.put("transport.port", "0");
      settings.put("discovery.type", "single-node");
      settings.put("cluster.max_shards_per_node", 5000);
      settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
    });
    runner.build(OpenSearchRunner.newConfigs().clusterName("sentinelops-tests").numOfNode(1)
        .basePath(Path.of(arguments[0]).toAbsolutePath().toString()));
    System.out.println("listening " + arguments[1]);
    System.out.flush();
    long end = System.nanoTime() + 3_600_000_000_000L;
    while (Files.exists(Path.of(arguments[2])) && System.nanoTime() < end) {
      Thread.sleep(200);
    }
    runner.close();
    System.exit(0);
  }
}
