// CreatedForm: an object that a create made, with the places that differ from one object to the
// next cut out: name, uid, time of creation, revision, and the author's own texts that nothing else
// depends on (BodyHole). Jobs of one template differ in no more, and the next of them costs these
// texts instead of decoding, defaults, validation, field ownership and serialising.
//
// Thread: the loop. The document that Fill() gives stays until the next call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clusters/kube/json.h"
#include "gateway/api/body_holes.h"
#include "gateway/api/registry.h"

namespace fairway::gateway::api {

class CreatedForm {
 public:
  struct Values {
    std::string_view name, uid, time, revision;  // none needs an escape in JSON
  };
  enum class Part : uint8_t { kName, kUid, kTime, kRevision, kOwnerUid, kSince, kText };
  struct Place {
    Part part;
    std::string_view pointer;  // RFC 6901
  };
  // A text of the author's: as it is, and as JSON writes it between quotes.
  struct GivenText {
    std::string_view plain, json;
  };
  // What the creator gives by himself: the name of forms whose names are not generated, and one
  // text for each hole of the request's body, in the same order. Views last as long as the request.
  struct Given {
    std::string name, owner_uid, since;
    std::vector<GivenText> texts;
  };

  // From the stored text of an object that was just created: with a generated name, or with the one
  // that `holes` tell the place of. `holes` and `texts` (without quotes and escapes) are those of
  // the request's body. Null when the places in the stored text cannot be told.
  static std::unique_ptr<CreatedForm> Learn(const ServedKind& kind, std::string_view body,
                                            const std::vector<BodyHole>& holes = {},
                                            const std::vector<std::string>& texts = {});

  // The same for a document that the program makes, whose places are known. Null when one of them
  // is not there.
  static std::unique_ptr<CreatedForm> LearnAt(const ServedKind& kind, std::string_view body,
                                              const std::vector<Place>& places);

  // What differs in `body`; nullopt when it is no object of this kind.
  struct Own {
    std::string name, uid, time, revision;
    Values values() const { return {name, uid, time, revision}; }
  };
  static std::optional<Own> OwnOf(const kube::Value& doc);

  // The prefix that names are generated from, or "" where the name is given.
  std::string_view generate_name() const { return generate_name_; }
  Given given;
  std::shared_ptr<const void> memo;  // Admission::check's
  // The document with these values in it; the revision may come later.
  kube::Object& Fill(const Values& values);
  void SetRevision(std::string_view revision);
  std::string Text(const Values& values) const;
  // About how much memory this takes.
  size_t bytes() const { return 5 * text_.size(); }

 private:
  struct Hole {
    Part part;
    kube::String* node;
    size_t text = 0;  // kText: its index in given.texts
    size_t at = 0;    // where it belongs in text_
  };

  CreatedForm() = default;
  void FindHoles(kube::Value& value, const Own& own);
  void FindGivenName(const Own& own);  // the places of a name that the author gave
  bool FindTexts(const std::vector<BodyHole>& holes, const std::vector<std::string>& texts);
  void AddHole(Part part, kube::Value* value, size_t text = 0);
  bool Cut(const ServedKind& kind);
  std::string_view ValueOf(const Values& values, Part part) const;
  std::string_view JsonOf(const Values& values, const Hole& hole) const;

  kube::Value doc_;
  std::string generate_name_;
  std::string text_;  // without what the holes take
  std::vector<Hole> holes_;
};

}  // namespace fairway::gateway::api
