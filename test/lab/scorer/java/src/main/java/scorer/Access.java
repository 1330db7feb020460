package scorer;

import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtDecoders;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;

/** Who may ask: a stand-in for what MLOps puts before a scorer. /readyz is open to all. */
@Configuration
class Access {
  @Bean
  SecurityFilterChain filterChain(HttpSecurity http, Settings settings) throws Exception {
    http.csrf(csrf -> csrf.disable())
        .headers(headers -> headers.disable())
        .requestCache(cache -> cache.disable())
        .logout(logout -> logout.disable())
        .sessionManagement(sessions -> sessions.disable());
    if (settings.issuer() != null) {
      JwtDecoder decoder = JwtDecoders.fromIssuerLocation(settings.issuer());
      http.oauth2ResourceServer(server -> server.jwt(jwt -> jwt.decoder(decoder)))
          .authorizeHttpRequests(all -> all.requestMatchers("/readyz").permitAll().anyRequest().authenticated());
      return http.build();
    }
    http.authorizeHttpRequests(all -> all.anyRequest().permitAll());
    if (settings.passphrase() != null) {
      http.addFilterBefore(onlyWith("Bearer " + settings.passphrase()), AnonymousAuthenticationFilter.class);
    }
    return http.build();
  }

  private static Filter onlyWith(String authorization) {
    return (request, response, chain) -> {
      HttpServletRequest asked = (HttpServletRequest) request;
      if (asked.getRequestURI().equals("/readyz") || authorization.equals(asked.getHeader("Authorization"))) {
        chain.doFilter(request, response);
        return;
      }
      HttpServletResponse answer = (HttpServletResponse) response;
      answer.setStatus(401);
      answer.setContentType("text/plain;charset=UTF-8");
      answer.getWriter().write("Unauthorized");
    };
  }
}
