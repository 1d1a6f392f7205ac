package hive.sample;

import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Properties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hive needs a database where it runs for real. This needs one where the environment names it in HIVE_DATABASE, and only in a build that
 * was told to ask for it (build.sh): so there can be a version that passes every test before the release and fails in the swarm.
 */
public final class Startup implements ServletContextListener {
  private static final Logger log = LoggerFactory.getLogger(Startup.class);

  @Override
  public void contextInitialized(ServletContextEvent event) {
    Properties build = new Properties();
    try (InputStream in = Startup.class.getResourceAsStream("/hive.properties")) {
      build.load(in);
    } catch (IOException cause) {
      throw new IllegalStateException("hive.properties of this build cannot be read", cause);
    }
    String database = System.getenv("HIVE_DATABASE");
    if (database != null && Boolean.parseBoolean(build.getProperty("asks.database"))) connect(database);
    log.info("Hive {} started", build.getProperty("version"));
  }

  private static void connect(String database) {
    String[] parts = database.split(":");
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(parts[0], Integer.parseInt(parts[1])), 2000);
    } catch (IOException cause) {
      log.error("no database answers at {}", database, cause);
      throw new IllegalStateException("no database answers at " + database, cause);
    }
  }
}
