package atlan

import (
	"github.com/sluice-sdk/sluice/gen/atlanassets"
	"github.com/sluice-sdk/sluice/wrappers/apierr"
)

// topicSegments is how many segments the qualifiedName of a topic has: connection/topic/name.
const topicSegments = connectionSegments + 2

// NewKafkaTopic returns a new topic: connection/topic/name. Errors: an empty name, a connection without three segments.
func NewKafkaTopic(name, connectionQualifiedName string) (*Asset[atlanassets.KafkaTopic], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.KafkaTopic]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/topic/"+name)
	return a, nil
}

// NewAzureEventHub returns a new event hub: connection/topic/name. Errors: an empty name, a connection without three
// segments.
func NewAzureEventHub(name, connectionQualifiedName string) (*Asset[atlanassets.AzureEventHub], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AzureEventHub]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/topic/"+name)
	return a, nil
}

// NewKafkaConsumerGroup returns a new group that reads topics: connection/consumer-group/name. Errors: an empty name, no
// topics, topics of several connections or without five segments.
func NewKafkaConsumerGroup(name string, topicQualifiedNames ...string) (*Asset[atlanassets.KafkaConsumerGroup], error) {
	p, err := topics("topic", name, topicQualifiedNames)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.KafkaConsumerGroup]()
	place(&a.Attributes.Asset, p, name, p.connection()+"/consumer-group/"+name)
	consume(&a.Attributes, atlanassets.TypeKafkaTopic, topicQualifiedNames)
	return a, nil
}

// NewAzureEventHubConsumerGroup returns a new group that reads event hubs: connection/consumer-group/hub/name, where the
// hub is the first. Errors: an empty name, no hubs, hubs of several connections or without five segments.
func NewAzureEventHubConsumerGroup(name string, hubQualifiedNames ...string) (*Asset[atlanassets.AzureEventHubConsumerGroup], error) {
	p, err := topics("eventHub", name, hubQualifiedNames)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.AzureEventHubConsumerGroup]()
	place(&a.Attributes.Asset, p, name, p.connection()+"/consumer-group/"+p.last()+"/"+name)
	consume(&a.Attributes.KafkaConsumerGroup, atlanassets.TypeAzureEventHub, hubQualifiedNames)
	return a, nil
}

// topics checks the topics of a group, which are in one connection, and returns the first.
func topics(what, name string, qualifiedNames []string) (path, error) {
	if err := checkName(attributeName, name); err != nil {
		return nil, err
	}
	var first path
	for _, qualifiedName := range qualifiedNames {
		p, err := parentPath(what, qualifiedName, topicSegments)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = p
		}
		if p.connection() != first.connection() {
			return nil, apierr.Invalid(service, what+"QualifiedName", "%q is not in the connection %s as the first one is", qualifiedName, first.connection())
		}
	}
	if first == nil {
		return nil, apierr.Invalid(service, what+"QualifiedName", "a consumer group needs something that it reads")
	}
	return first, nil
}

func consume(t *atlanassets.KafkaConsumerGroup, typeName string, qualifiedNames []string) {
	qualifiedNames = distinct(qualifiedNames)
	refs := make([]atlanassets.Ref, 0, len(qualifiedNames))
	for _, qualifiedName := range qualifiedNames {
		refs = append(refs, atlanassets.RefByQualifiedName(typeName, qualifiedName))
	}
	t.KafkaTopicQualifiedNames.Set(qualifiedNames)
	t.KafkaTopics.Set(refs)
}
