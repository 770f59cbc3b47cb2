package atlan

import "github.com/sluice-sdk/sluice/gen/atlanassets"

// aiPrefix is what the qualifiedNames of AI models and applications begin with, both the same (Atlan's documentation).
const aiPrefix = "default/ai/aiapplication/"

// NewAIModel returns a new AI model: default/ai/aiapplication/name, where the name is in camel case. Errors: an empty name
// or status.
func NewAIModel(name string, status atlanassets.AIModelStatus) (*Asset[atlanassets.AIModel], error) {
	if err := required(attributeName, camelCase(name), "status", string(status)); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AIModel]()
	a.Attributes.Name.Set(name)
	a.Attributes.QualifiedName.Set(aiPrefix + camelCase(name))
	a.Attributes.ConnectorName.Set("ai")
	a.Attributes.AiModelStatus.Set(status)
	return a, nil
}

// NewAIApplication returns a new AI application: default/ai/aiapplication/name, where the name is in camel case. Errors: an
// empty argument.
func NewAIApplication(name, version string, stage atlanassets.AIApplicationDevelopmentStage) (*Asset[atlanassets.AIApplication], error) {
	if err := required(attributeName, camelCase(name), "version", version, "stage", string(stage)); err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AIApplication]()
	a.Attributes.Name.Set(name)
	a.Attributes.QualifiedName.Set(aiPrefix + camelCase(name))
	a.Attributes.ConnectorName.Set("ai")
	a.Attributes.AiApplicationVersion.Set(version)
	a.Attributes.AiApplicationDevelopmentStage.Set(stage)
	return a, nil
}
