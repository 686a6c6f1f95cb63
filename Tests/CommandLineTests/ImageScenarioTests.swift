import Foundation
import Testing

/// Scenarios of real images, when `SHOOTDOWN_IMAGES` names a folder that has them.
@Suite struct ImageScenarioTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../fixtures/image-scenarios").standardizedFileURL

  /// Instructions up to which a scenario may run when nobody has asked for the slow ones.
  private static let limit = 10_000_000_000
  private static let isPatient = ProcessInfo.processInfo.environment["SHOOTDOWN_SLOW"] != nil

  /// Those whose every image is there: the quick ones, or those that may run for more than `limit` instructions.
  static func scenarios(slow: Bool = false) -> [String] {
    guard let images = KVMUnitTests.folder,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    else { return [] }
    return names.sorted().filter { name in
      guard name.hasSuffix(".yaml"),
        let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      else { return false }
      let bound = text.split(separator: "\n").first { $0.hasPrefix("max-instructions: ") }
        .flatMap { Int($0.dropFirst("max-instructions: ".count)) }
      guard (bound ?? 0 > limit) == slow else { return false }
      let paths = text.split(separator: "\"").filter { $0.hasPrefix("$SHOOTDOWN_IMAGES/") }
      return paths.allSatisfy { path in
        let file = images + "/" + path.dropFirst("$SHOOTDOWN_IMAGES/".count)
        return FileManager.default.fileExists(atPath: file)
      }
    }
  }

  @Test(.enabled(if: !scenarios().isEmpty, "SHOOTDOWN_IMAGES has no images of scenarios"), arguments: scenarios())
  func holds(_ name: String) throws {
    let folder = try Folder()
    let path = Self.folder.appendingPathComponent(name).path
    // Billions of instructions each, and side by side.
    let images = ["SHOOTDOWN_IMAGES": KVMUnitTests.folder ?? ""]
    let ended = try Child(["suite", "--failures", folder.path, path], environment: images).wait(seconds: 3600)
    #expect(ended.ending == .status(0), "\(ended)")
  }

  /// A minute or more each.
  @Test(
    .enabled(
      if: isPatient && !scenarios(slow: true).isEmpty,
      "slow scenarios of images run with SHOOTDOWN_SLOW=1 and SHOOTDOWN_IMAGES"),
    arguments: scenarios(slow: true))
  func slowOneHolds(_ name: String) throws { try holds(name) }

  /// What is written in them is a scenario, whether or not the images are there.
  @Test func namesTheMissingImage() throws {
    let ended = try shootdown(["suite", Self.folder.appendingPathComponent("hole.yaml").path])
    if KVMUnitTests.folder == nil { #expect(ended.ending == .status(2) && ended.errors.contains(".img"), "\(ended)") }
  }
}
