package scorer;

/**
 * One scorer: where it listens, what it serves and who may ask it.
 *
 * @param id what /model/id says; none where it is null
 * @param shapley NONE, ORIGINAL, TRANSFORMED or ALL; null is NONE
 * @param passphrase asked for as a bearer token, unless null
 * @param issuer the OpenID Connect issuer whose tokens open the scorer, unless null
 */
record Settings(int port, String mojo, String id, String shapley, String passphrase, String issuer) {
  String shapleyTypes() {
    return shapley == null ? "NONE" : shapley;
  }

  boolean explains() {
    return !shapleyTypes().equals("NONE");
  }
}
