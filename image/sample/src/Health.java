package hive.sample;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** GET /Hive/health: 200 while requests can be answered and what they do can be logged; 503 with the reason otherwise. */
public final class Health extends HttpServlet {
  private static final long serialVersionUID = 1;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Path log = Path.of(System.getProperty("catalina.base"), "logs", System.getProperty("hive.host"), "debug.log");
    response.setContentType("text/plain");
    if (Files.isWritable(log)) {
      response.getWriter().println("healthy");
    } else {
      response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
      response.getWriter().println("cannot write " + log);
    }
  }
}
