import Foundation
import Testing

/// Scenarios of real images, when `SHOOTDOWN_IMAGES` names a folder that has them.
@Suite struct ImageScenarioTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../fixtures/image-scenarios").standardizedFileURL

  /// Those whose every image is there.
  static func scenarios() -> [String] {
    guard let images = KVMUnitTests.folder,
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    else { return [] }
    return names.sorted().filter { name in
      guard name.hasSuffix(".yaml"),
        let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
      else { return false }
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
    let ended = try Child(["suite", "--failures", folder.path, path]).wait(seconds: 3600)
    #expect(ended.ending == .status(0), "\(ended)")
  }

  /// What is written in them is a scenario, whether or not the images are there.
  @Test func namesTheMissingImage() throws {
    let ended = try shootdown(["suite", Self.folder.appendingPathComponent("hole.yaml").path])
    if KVMUnitTests.folder == nil { #expect(ended.ending == .status(2) && ended.errors.contains(".img"), "\(ended)") }
  }
}
