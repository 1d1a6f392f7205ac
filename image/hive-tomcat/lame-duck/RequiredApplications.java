package hive.tomcat;

import org.apache.catalina.Container;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleEvent;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.Server;
import org.apache.catalina.Service;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/** Of the Server. Ends the process when an application did not start: Tomcat itself would run on and answer 404. */
public final class RequiredApplications implements LifecycleListener {
  private static final Log log = LogFactory.getLog(RequiredApplications.class);

  @Override
  public void lifecycleEvent(LifecycleEvent event) {
    if (!Lifecycle.AFTER_START_EVENT.equals(event.getType()) || !(event.getSource() instanceof Server)) return;
    int applications = 0;
    boolean failed = false;
    for (Service service : ((Server) event.getSource()).findServices()) {
      for (Container host : service.getContainer().findChildren()) {
        for (Container application : host.findChildren()) {
          applications += 1;
          if (application.getState().isAvailable()) continue;
          failed = true;
          log.error("The application " + application.getName() + " did not start: the reason is above, or in localhost's log");
        }
      }
    }
    if (applications == 0) log.error("There is no application in webapps/");
    if (failed || applications == 0) System.exit(1);
  }
}
