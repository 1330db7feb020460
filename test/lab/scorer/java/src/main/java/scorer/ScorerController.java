package scorer;

import jakarta.validation.Valid;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestPart;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;
import org.springframework.web.server.ResponseStatusException;
import scorer.Messages.ContributionRequest;
import scorer.Messages.Contributions;
import scorer.Messages.Field;
import scorer.Messages.MediaRequest;
import scorer.Messages.Model;
import scorer.Messages.SampleRequest;
import scorer.Messages.Schema;
import scorer.Messages.ScoreRequest;
import scorer.Messages.ScoreResponse;
import scorer.Messages.Shapley;

/** The routes of the contract. Where the published scorer is lenient, or stumbles over an incomplete request, so does this one. */
@RestController
class ScorerController {
  private static final String JSON = MediaType.APPLICATION_JSON_VALUE;
  private final Mojo mojo;
  private final Settings settings;

  ScorerController(Mojo mojo, Settings settings) {
    this.mojo = mojo;
    this.settings = settings;
  }

  @GetMapping(value = "/model/id", produces = MediaType.TEXT_PLAIN_VALUE)
  ResponseEntity<String> id() {
    return ResponseEntity.ok(settings.id());
  }

  @GetMapping(value = "/model/schema", produces = JSON)
  Model schema() {
    return new Model(settings.id(), new Schema(mojo.inputs, mojo.outputs));
  }

  @GetMapping(value = "/model/sample_request", produces = JSON)
  SampleRequest sample() {
    return mojo.sample();
  }

  @GetMapping(value = "/model/capabilities", produces = JSON)
  List<String> capabilities() {
    List<String> all = new ArrayList<>(List.of("SCORE"));
    for (Shapley type : List.of(Shapley.ORIGINAL, Shapley.TRANSFORMED)) {
      if (offers(type)) all.add("CONTRIBUTION_" + type);
    }
    return all;
  }

  /** A bare word that calls itself JSON, as published. */
  @GetMapping(value = "/readyz", produces = JSON)
  ResponseEntity<String> ready() {
    return ResponseEntity.ok("Ready");
  }

  @PostMapping(value = "/model/score", consumes = JSON, produces = JSON)
  ScoreResponse score(@RequestBody ScoreRequest request) {
    return answering("scoring request", () -> {
      if (Boolean.TRUE.equals(request.requestPredictionIntervals())) {
        throw new IllegalArgumentException("requestPredictionIntervals set to true, but model does not support it");
      }
      request.rows().forEach(row -> checkCells(request.fields(), row));
      ScoreResponse scored = scored(request);
      Shapley type = request.requestShapleyValueType();
      if (type == null || type == Shapley.NONE) return scored;
      demand(type);
      Contributions contributions = mojo.explain(request.fields(), request.rows());
      return new ScoreResponse(scored.id(), scored.fields(), scored.score(), contributions);
    });
  }

  @PostMapping(value = "/model/contribution", consumes = JSON, produces = JSON)
  Contributions contribution(@Valid @RequestBody ContributionRequest request) {
    return answering("shapley contribution request", () -> {
      demand(request.requestShapleyValueType());
      return mojo.explain(request.fields(), request.rows());
    });
  }

  @PostMapping(value = "/model/media-score", consumes = MediaType.MULTIPART_FORM_DATA_VALUE, produces = JSON)
  ScoreResponse media(@RequestPart MediaRequest scoreMediaRequest, @RequestPart List<MultipartFile> files) {
    throw new ResponseStatusException(HttpStatus.NOT_IMPLEMENTED, "score media files is not implemented");
  }

  private ScoreResponse scored(ScoreRequest request) {
    List<String> fields = request.fields();
    List<String> wanted = request.includeFieldsInOutput() == null ? List.of() : request.includeFieldsInOutput();
    String idField = request.idField();
    boolean makesIds = idField != null && !idField.isEmpty() && wanted.contains(idField) && !fields.contains(idField);
    List<List<String>> score = new ArrayList<>();
    for (List<String> row : request.rows()) {
      List<String> cells = copied(fields, wanted, row);
      if (makesIds) cells.add(UUID.randomUUID().toString());
      cells.addAll(mojo.score(fields, row));
      score.add(cells);
    }
    if (Boolean.TRUE.equals(request.noFieldNamesInOutput())) return new ScoreResponse(settings.id(), null, score, null);
    List<String> names = fields == null ? new ArrayList<>() : copied(fields, wanted, fields);
    if (makesIds) names.add(idField);
    for (Field output : mojo.outputs) names.add(output.name());
    return new ScoreResponse(settings.id(), names, score, null);
  }

  /** The cells under the wanted fields, in the order of the input. */
  private static List<String> copied(List<String> fields, List<String> wanted, List<String> cells) {
    List<String> copied = new ArrayList<>();
    for (int index = 0; index < fields.size(); index++) {
      if (wanted.contains(fields.get(index))) copied.add(cells.get(index));
    }
    return copied;
  }

  private static void checkCells(List<String> fields, List<String> row) {
    for (int index = 0; index < row.size(); index++) {
      String name = fields.get(index);
      if (row.get(index) == null) throw new NullPointerException("the cell of column " + name + " is null");
    }
  }

  private boolean offers(Shapley type) {
    return settings.shapleyTypes().equals("ALL") || settings.shapleyTypes().equals(type.name());
  }

  private void demand(Shapley type) {
    if (!settings.explains()) {
      throw new IllegalArgumentException(
          "shapley.types.enabled property has to be set to one of [TRANSFORMED, ORIGINAL, ALL] or shapley.enable property has to be set to"
              + " true in the runtime configuration to obtain Shapley contribution");
    }
    if (settings.shapleyTypes().equals("ALL")) {
      if (type == Shapley.NONE) {
        throw new IllegalArgumentException("Only ORIGINAL or TRANSFORMED are accepted enums values of Shapley values");
      }
    } else if (!offers(type)) {
      throw new IllegalArgumentException(
          "Requested Shapley type %s not enabled for this scorer. Expected: %s".formatted(type, settings.shapleyTypes()));
    }
  }

  private static <T> T answering(String what, Supplier<T> work) {
    try {
      return work.get();
    } catch (IllegalArgumentException refused) {
      throw new ResponseStatusException(
          HttpStatus.BAD_REQUEST, "Invalid " + what + " due to: " + refused.getMessage(), refused);
    } catch (RuntimeException failed) {
      throw new ResponseStatusException(
          HttpStatus.INTERNAL_SERVER_ERROR, "Failed " + what + " due to: " + failed.getMessage(), failed);
    }
  }
}
