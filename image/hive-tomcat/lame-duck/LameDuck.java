package hive.tomcat;

import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Of the Server. When Tomcat is told to stop, it goes on answering for some seconds first: {@link LameDuckValve} lets the health path
 * fail meanwhile, so that the load balancer looks away before anything is closed.
 */
public final class LameDuck implements LifecycleListener {
  private static final Log log = LogFactory.getLog(LameDuck.class);
  private static volatile boolean begun;

  private int seconds = 20;

  /** Longer than the load balancer needs to notice: interval times unhealthy threshold, and the timeout of one check. */
  public void setSeconds(int seconds) {
    this.seconds = seconds;
  }

  static boolean hasBegun() {
    return begun;
  }

  @Override
  public void lifecycleEvent(LifecycleEvent event) {
    // Fired before any connector is paused, in the thread that stops the server: what waits here, waits before all of it.
    if (!Lifecycle.BEFORE_STOP_EVENT.equals(event.getType())) return;
    begun = true;
    log.info("Told to stop: the health path fails from now on, and everything else is answered for " + seconds + " s more");
    try {
      Thread.sleep(seconds * 1000L);
    } catch (InterruptedException interrupted) {
      log.warn("The lame duck was interrupted: requests may fail", interrupted);
      Thread.currentThread().interrupt();
    }
  }
}
