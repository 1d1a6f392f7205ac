package hive.sample;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** GET /Hive/fail?n=NUMBER&how=caught|thrown|memory: fails as applications do. `memory` takes the process with it. */
public final class Fail extends HttpServlet {
  private static final long serialVersionUID = 1;
  private static final Logger log = LoggerFactory.getLogger(Fail.class);

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws ServletException, IOException {
    String number = request.getParameter("n");
    String how = request.getParameter("how");
    IllegalStateException failure =
        new IllegalStateException("failure " + number, new IOException("the reason of " + number));
    if ("thrown".equals(how)) throw new ServletException("thrown " + number, failure);
    if ("memory".equals(how)) {
      log.warn("memory {}", number);
      List<byte[]> taken = new ArrayList<>();
      while (true) {
        byte[] block = new byte[1 << 20];
        // Written to, or the kernel would not count it.
        java.util.Arrays.fill(block, (byte) 1);
        taken.add(block);
      }
    }
    log.error("caught {}", number, failure);
    response.getWriter().println("caught");
  }
}
