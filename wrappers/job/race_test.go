//go:build race

package job

func init() { raceDetector = true }
