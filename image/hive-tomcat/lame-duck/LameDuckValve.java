package hive.tomcat;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;

/** Of the Engine, before everything else. Does nothing until the lame duck begins. */
public final class LameDuckValve extends ValveBase {
  private String path = "/health";

  public LameDuckValve() {
    super(true);
  }

  /** What the load balancer asks. */
  public void setPath(String path) {
    this.path = path;
  }

  @Override
  public void invoke(Request request, Response response) throws IOException, ServletException {
    if (LameDuck.hasBegun()) {
      // Whoever keeps connections is to open the next one to somebody else.
      response.setHeader("Connection", "close");
      if (path.equals(request.getRequestURI())) {
        response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
        response.setContentType("text/plain");
        response.getWriter().println("about to stop");
        return;
      }
    }
    getNext().invoke(request, response);
  }
}
