package hive.sample;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** GET /Hive/work?n=NUMBER[&ms=DURATION]: logs one line with the number, and only then answers, with the container's host name. */
public final class Work extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final Logger log = LoggerFactory.getLogger(Work.class);

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String number = request.getParameter("n");
    String milliseconds = request.getParameter("ms");
    if (number == null || !number.matches("[A-Za-z0-9._-]{1,64}")) {
      response.sendError(HttpServletResponse.SC_BAD_REQUEST);
      return;
    }
    if (milliseconds != null) {
      try {
        Thread.sleep(Long.parseLong(milliseconds));
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    log.info("request {}", number);
    response.setContentType("text/plain");
    response.setHeader("X-Version", System.getenv("HIVE_VERSION"));
    response.getWriter().print(System.getProperty("hive.host") + "\n");
  }
}
