#include "gateway/api/created_form.h"

#include <algorithm>

#include "gateway/api/object_writer_impl.h"
#include "gateway/api/random_names.h"

namespace fairway::gateway::api {

std::optional<CreatedForm::Own> CreatedForm::OwnOf(const kube::Value& doc) {
  auto text = [&](std::string_view key) {
    return std::string(kube::GetString(doc, {"metadata", key}));
  };
  Own own{text("name"), text("uid"), text("creationTimestamp"), text("resourceVersion")};
  if (own.name.empty() || own.uid.empty() || own.time.empty() || own.revision.empty()) return {};
  return own;
}

std::unique_ptr<CreatedForm> CreatedForm::Learn(const ServedKind& kind, std::string_view body,
                                                const std::vector<BodyHole>& holes,
                                                const std::vector<std::string>& texts) {
  auto doc = kube::ParseJson(body);
  if (!doc || !doc->is_object()) return nullptr;
  auto own = OwnOf(*doc);
  std::unique_ptr<CreatedForm> form(new CreatedForm());
  form->doc_ = std::move(*doc);
  if (!own) return nullptr;
  const bool named =
      std::any_of(holes.begin(), holes.end(), [](const BodyHole& hole) { return hole.is_name; });
  if (named) {
    form->FindGivenName(*own);
  } else {
    form->generate_name_ = kube::GetString(form->doc_, {"metadata", "generateName"});
    if (form->generate_name_.empty()) return nullptr;
  }
  // The author may have written a given name into any text; a random one nobody could know.
  form->FindHoles(form->doc_,
                  named ? Own{.name = {}, .uid = own->uid, .time = {}, .revision = {}} : *own);
  if (!form->FindTexts(holes, texts)) return nullptr;
  // Times and the revision are known by their places: the author may have written the same texts.
  kube::Object& metadata = form->doc_.get_object()["metadata"].get_object();
  form->AddHole(Part::kTime, kube::Find(metadata, "creationTimestamp"));
  form->AddHole(Part::kRevision, kube::Find(metadata, "resourceVersion"));
  if (kube::Array* managers = kube::GetArray(metadata, {"managedFields"})) {
    for (kube::Value& entry : *managers) {
      if (entry.is_object()) form->AddHole(Part::kTime, kube::Find(entry.get_object(), "time"));
    }
  }
  if (!form->Cut(kind)) return nullptr;
  return form;
}

std::unique_ptr<CreatedForm> CreatedForm::LearnAt(const ServedKind& kind, std::string_view body,
                                                  const std::vector<Place>& places) {
  auto doc = kube::ParseJson(body);
  if (!doc) return nullptr;
  std::unique_ptr<CreatedForm> form(new CreatedForm());
  form->doc_ = std::move(*doc);
  for (const Place& place : places) {
    boost::json::error_code missing;
    kube::Value* value = form->doc_.find_pointer(place.pointer, missing);
    if (value == nullptr || !value->is_string()) return nullptr;
    form->AddHole(place.part, value);
  }
  if (!form->Cut(kind)) return nullptr;
  return form;
}

void CreatedForm::AddHole(Part part, kube::Value* value, size_t text) {
  if (value != nullptr && value->is_string()) holes_.push_back({part, &value->get_string(), text});
}

void CreatedForm::FindGivenName(const Own& own) {
  // A Job's name also labels its pods, and the Job where that has no labels. A label that the
  // author has set to the same text is taken for one of these here; the comparison with an object
  // of another name tells them apart (CreatedForms).
  for (std::string_view pointer :
       {"/metadata/name", "/metadata/labels/job-name",
        "/metadata/labels/batch.kubernetes.io~1job-name", "/spec/template/metadata/labels/job-name",
        "/spec/template/metadata/labels/batch.kubernetes.io~1job-name"}) {
    boost::json::error_code missing;
    kube::Value* value = doc_.find_pointer(pointer, missing);
    if (value == nullptr || !value->is_string()) continue;
    if (value->get_string() == std::string_view(own.name)) AddHole(Part::kName, value);
  }
}

bool CreatedForm::FindTexts(const std::vector<BodyHole>& holes,
                            const std::vector<std::string>& texts) {
  for (size_t i = 0; i < holes.size(); ++i) {
    if (holes[i].is_name) continue;
    boost::json::error_code missing;
    kube::Value* value = doc_.find_pointer(holes[i].pointer, missing);
    if (value == nullptr || !value->is_string()) return false;
    if (value->get_string() != std::string_view(texts[i])) return false;
    AddHole(Part::kText, value, i);
  }
  return true;
}

// Names and uids are random, so a text that equals one was put there by the server.
void CreatedForm::FindHoles(kube::Value& value, const Own& own) {
  if (value.is_string()) {
    const std::string_view text(value.get_string());
    if (!own.name.empty() && text == own.name) AddHole(Part::kName, &value);
    if (text == own.uid) AddHole(Part::kUid, &value);
  } else if (value.is_array()) {
    for (kube::Value& item : value.get_array()) FindHoles(item, own);
  } else if (value.is_object()) {
    for (auto& member : value.get_object()) FindHoles(member.value(), own);
  }
}

// A fresh random text stands in each hole once, and so shows where it is in the text.
bool CreatedForm::Cut(const ServedKind& kind) {
  const std::string mark = NewUid();
  std::vector<std::pair<size_t, size_t>> order;  // place in the whole text, index of the hole
  std::string whole;
  for (size_t i = 0; i < holes_.size(); ++i) *holes_[i].node = mark + std::to_string(i) + ".";
  whole = SerializeObject(kind, doc_.get_object());
  size_t from = 0;
  for (size_t found; (found = whole.find(mark, from)) != std::string::npos;) {
    text_.append(whole, from, found - from);
    size_t end = whole.find('.', found);
    size_t index = std::stoul(whole.substr(found + mark.size(), end - found - mark.size()));
    order.emplace_back(text_.size(), index);
    from = end + 1;
  }
  text_.append(whole, from);
  if (order.size() != holes_.size()) return false;
  std::vector<Hole> sorted;
  for (const auto& [at, index] : order) {
    sorted.push_back(holes_[index]);
    sorted.back().at = at;
  }
  holes_ = std::move(sorted);
  return true;
}

std::string_view CreatedForm::ValueOf(const Values& values, Part part) const {
  switch (part) {
    case Part::kName:
      return values.name;
    case Part::kUid:
      return values.uid;
    case Part::kTime:
      return values.time;
    case Part::kRevision:
      return values.revision;
    case Part::kOwnerUid:
      return given.owner_uid;
    case Part::kSince:
      return given.since;
    case Part::kText:
      break;
  }
  return "";
}

std::string_view CreatedForm::JsonOf(const Values& values, const Hole& hole) const {
  return hole.part == Part::kText ? given.texts[hole.text].json : ValueOf(values, hole.part);
}

kube::Object& CreatedForm::Fill(const Values& values) {
  for (Hole& hole : holes_) {
    *hole.node =
        hole.part == Part::kText ? given.texts[hole.text].plain : ValueOf(values, hole.part);
  }
  return doc_.get_object();
}

void CreatedForm::SetRevision(std::string_view revision) {
  for (Hole& hole : holes_) {
    if (hole.part == Part::kRevision) *hole.node = revision;
  }
}

std::string CreatedForm::Text(const Values& values) const {
  std::string out;
  size_t size = text_.size();
  for (const Hole& hole : holes_) size += JsonOf(values, hole).size();
  out.reserve(size);
  size_t from = 0;
  for (const Hole& hole : holes_) {
    out.append(text_, from, hole.at - from).append(JsonOf(values, hole));
    from = hole.at;
  }
  out.append(text_, from);
  return out;
}

}  // namespace fairway::gateway::api
