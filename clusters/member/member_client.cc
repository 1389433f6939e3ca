#include "clusters/member/member_client.h"

#include <utility>

#include "clusters/http/curl_client.h"
#include "clusters/kubeconfig/auth_client.h"

namespace fairway::clusters {

Result<std::shared_ptr<HttpClient>> MakeMemberClient(Loop& loop, const Access& access,
                                                     const ExecAllowed& exec_allowed,
                                                     int in_flight_max) {
  CurlLimits curl_limits;
  curl_limits.in_flight_max = in_flight_max;
  auto curl = CurlClient::Create(loop, access.endpoint, access.identity.certificate, curl_limits);
  if (!curl) return Fail(std::move(curl.error()));
  CurlClient* raw = curl->get();
  return std::shared_ptr<HttpClient>(std::make_shared<AuthClient>(
      loop, std::move(*curl),
      MakeCredentialSource(loop, access.identity, access.endpoint, exec_allowed),
      [raw](const ClientCertificate& certificate) { raw->SetCertificate(certificate); }));
}

}  // namespace fairway::clusters
