package scorer;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.autoconfigure.security.servlet.UserDetailsServiceAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.converter.json.Jackson2ObjectMapperBuilder;

/**
 * Scorers for MOJO files, as many as the variable SCORERS lists (JSON, see Settings), each on a port of its own. They end when the standard input
 * does, so that none outlives whoever started it.
 */
@SpringBootApplication(exclude = UserDetailsServiceAutoConfiguration.class)
public class ScorerApplication {
  public static void main(String[] args) throws IOException {
    for (Settings settings : new ObjectMapper().readValue(System.getenv("SCORERS"), Settings[].class)) {
      ApplicationContextInitializer<GenericApplicationContext> withSettings =
          context -> context.registerBean(Settings.class, () -> settings);
      new SpringApplicationBuilder(ScorerApplication.class)
          .initializers(withSettings)
          .run("--server.port=" + settings.port());
    }
    System.out.println("READY");
    while (System.in.read() >= 0) {}
    System.exit(0);
  }

  @Bean
  Mojo mojo(Settings settings) throws IOException {
    return new Mojo(settings.mojo(), settings.explains());
  }

  /** As published: absent instead of null, and a bare NaN passes. */
  @Bean
  ObjectMapper objectMapper() {
    return new Jackson2ObjectMapperBuilder()
        .serializationInclusion(JsonInclude.Include.NON_NULL)
        .featuresToEnable(JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS)
        .build();
  }
}
