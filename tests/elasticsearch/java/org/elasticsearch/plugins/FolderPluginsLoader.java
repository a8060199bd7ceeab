package org.elasticsearch.plugins;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Loads the modules of a node that runs from the class path: Elasticsearch's own loader needs the server as a named
 * Java module. One class loader per module, each above the one before, so that a module finds what it extends.
 * Lives in this package because the constructor of PluginsLoader is package-private.
 */
public final class FolderPluginsLoader extends PluginsLoader {
  private static final List<String> ORDER = List.of("transport-netty4", "x-pack-core", "x-pack-security",
      "x-pack-esql-core", "x-pack-kql", "x-pack-esql", "fixture");

  private record Layer(PluginBundle pluginBundle, ClassLoader pluginClassLoader) implements PluginLayer {
    @Override
    public ModuleLayer pluginModuleLayer() {
      return ModuleLayer.boot();
    }
  }

  /** Answers service look-ups with its own jars only: through the parents each provider would be seen twice. */
  private static final class OwnServices extends URLClassLoader {
    OwnServices(URL[] urls, ClassLoader parent) {
      super(urls, parent);
    }

    @Override
    public Enumeration<URL> getResources(String name) throws IOException {
      return name.startsWith("META-INF/services/") ? findResources(name) : super.getResources(name);
    }
  }

  private final List<PluginLayer> layers = new ArrayList<>();

  public FolderPluginsLoader(Path modules) {
    this(PluginsLoader.loadModulesBundles(modules));
  }

  private FolderPluginsLoader(Set<PluginBundle> bundles) {
    super(bundles, Set.of(), Map.of());
    ClassLoader parent = PluginsLoader.class.getClassLoader();
    List<PluginBundle> ordered = new ArrayList<>(bundles);
    ordered.sort(Comparator.comparingInt(bundle -> ORDER.indexOf(bundle.plugin.getName())));
    for (PluginBundle bundle : ordered) {
      parent = new OwnServices(bundle.urls.toArray(new URL[0]), parent);
      layers.add(new Layer(bundle, parent));
    }
  }

  @Override
  public Stream<PluginLayer> pluginLayers() {
    return layers.stream();
  }
}
