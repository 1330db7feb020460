package scorer;

import java.util.Map;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.ControllerAdvice;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** What the scorer itself refuses is a text under "detail"; what Spring refuses stays problem+json. */
@ControllerAdvice
class Errors extends ResponseEntityExceptionHandler {
  @ExceptionHandler(ResponseStatusException.class)
  ResponseEntity<Object> refused(ResponseStatusException failure) {
    return ResponseEntity.status(failure.getStatusCode()).body(Map.of("detail", failure.getMessage()));
  }

  @ExceptionHandler(Exception.class)
  ResponseEntity<Object> failed(Exception failure) {
    return ResponseEntity.internalServerError().body(Map.of("detail", String.valueOf(failure.getMessage())));
  }
}
