import MMU

/// The use of a stale mapping, in words.
enum StaleUseText {
  static func text(_ use: StaleUse) -> String {
    let access = use.access.isFetch ? "fetch from" : use.access.isWrite ? "write to" : "read of"
    let kind = use.mapping.kind == .guestPhysical ? "guest-physical" : "linear"
    let target = hex(use.mapping.physical(use.address.value))
    var parts: [String] = []
    for difference in [use.own, use.inForce?.disagreement].compactMap(\.self) {
      if !difference.excess.isEmpty { parts.append("memory does not give \(names(difference.excess))") }
      if !difference.shortfall.isEmpty { parts.append("memory gives more: \(names(difference.shortfall))") }
    }
    return "\(access) \(kind) \(hex(use.address.value)) by a stale mapping to \(target): "
      + parts.joined(separator: ", ") + (use.isDenied ? "; denied" : "")
  }

  private static func names(_ axes: MappingAxes) -> String {
    let all: [(MappingAxes, String)] = [
      (.frame, "this frame"), (.read, "a translation"), (.write, "writes"), (.execute, "fetches"),
      (.user, "user accesses"),
      (.type, "this memory type"), (.dirty, "a dirty flag"), (.global, "a global page"), (.key, "this protection key"),
    ]
    return all.filter { axes.contains($0.0) }.map(\.1).joined(separator: ", ")
  }
}
