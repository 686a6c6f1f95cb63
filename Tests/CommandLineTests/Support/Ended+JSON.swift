import Foundation
import Testing

extension Ended {
  /// Standard output as JSON objects, one a line.
  func events(sourceLocation: SourceLocation = #_sourceLocation) throws -> [[String: Any]] {
    try output.split(separator: "\n").map { line in
      let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(object as? [String: Any], "\(line)", sourceLocation: sourceLocation)
    }
  }
}

extension [[String: Any]] {
  /// The events of a kind.
  func named(_ name: String) -> [[String: Any]] { filter { $0["event"] as? String == name } }
}
