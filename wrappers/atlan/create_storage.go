package atlan

import "github.com/sluice-sdk/sluice/gen/atlanassets"

// bucketSegments is how many segments the qualifiedName of a bucket or an account has.
const bucketSegments = connectionSegments + 1

// NewS3Bucket returns a new bucket: connection/ARN, or connection/name when the ARN is empty. Errors: an empty name, a
// connection without three segments.
func NewS3Bucket(name, connectionQualifiedName, arn string) (*Asset[atlanassets.S3Bucket], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.S3Bucket]()
	id := name
	if arn != "" {
		id = arn
		a.Attributes.AwsArn.Set(arn)
	}
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+id)
	return a, nil
}

// S3ObjectKey says where an object of S3 is.
type S3ObjectKey struct {
	// BucketName is the name of the bucket, BucketQualifiedName its qualifiedName. Both are needed.
	BucketName, BucketQualifiedName string
	// ARN is the object's ARN. With it the qualifiedName is connection/ARN, which tells objects of all buckets apart.
	ARN string
	// Key is the object's key, such as 2024/orders.csv; the name when it is empty. Without an ARN the qualifiedName is
	// connection/bucket/key.
	Key string
}

// NewS3Object returns a new object of S3. Errors: an empty name, a bucket without a name or without a qualifiedName of
// four segments.
func NewS3Object(name string, at S3ObjectKey) (*Asset[atlanassets.S3Object], error) {
	p, err := under("bucket", at.BucketQualifiedName, bucketSegments, name)
	if err == nil {
		err = checkName("bucketName", at.BucketName)
	}
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.S3Object]()
	t := &a.Attributes
	key := at.Key
	if key == "" {
		key = name
	}
	if at.ARN != "" {
		place(&t.Asset, p, name, p.connection()+"/"+at.ARN)
		t.AwsArn.Set(at.ARN)
	} else {
		place(&t.Asset, p, name, p.connection()+"/"+at.BucketName+"/"+key)
	}
	if at.ARN == "" || at.Key != "" {
		t.S3ObjectKey.Set(key)
	}
	t.S3BucketName.Set(at.BucketName)
	t.S3BucketQualifiedName.Set(p.whole())
	t.Bucket.Set(atlanassets.RefTo[atlanassets.S3Bucket](p.whole()))
	return a, nil
}

// NewGCSBucket returns a new bucket of Google Cloud Storage: connection/name. Errors: an empty name, a connection without
// three segments.
func NewGCSBucket(name, connectionQualifiedName string) (*Asset[atlanassets.GCSBucket], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.GCSBucket]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewGCSObject returns a new object of Google Cloud Storage: bucket/key, or bucket/name when the key is empty. Errors: an
// empty name, a bucket without four segments.
func NewGCSObject(name, bucketQualifiedName, key string) (*Asset[atlanassets.GCSObject], error) {
	p, err := under("bucket", bucketQualifiedName, bucketSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.GCSObject]()
	t := &a.Attributes
	id := name
	if key != "" {
		id = key
		t.GcsObjectKey.Set(key)
	}
	place(&t.Asset, p, name, p.whole()+"/"+id)
	t.GcsBucketName.Set(p.last())
	t.GcsBucketQualifiedName.Set(p.whole())
	t.GcsBucket.Set(atlanassets.RefTo[atlanassets.GCSBucket](p.whole()))
	return a, nil
}

// NewADLSAccount returns a new account of Azure Data Lake Storage: connection/name. Errors: an empty name, a connection
// without three segments.
func NewADLSAccount(name, connectionQualifiedName string) (*Asset[atlanassets.ADLSAccount], error) {
	p, err := inConnection(connectionQualifiedName, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.ADLSAccount]()
	place(&a.Attributes.Asset, p, name, p.whole()+"/"+name)
	return a, nil
}

// NewADLSContainer returns a new container: account/name. Errors: an empty name, an account without four segments.
func NewADLSContainer(name, accountQualifiedName string) (*Asset[atlanassets.ADLSContainer], error) {
	p, err := under("account", accountQualifiedName, bucketSegments, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.ADLSContainer]()
	t := &a.Attributes
	place(&t.Asset, p, name, p.whole()+"/"+name)
	t.AdlsAccountName.Set(p.last())
	t.AdlsAccountQualifiedName.Set(p.whole())
	t.AdlsAccount.Set(atlanassets.RefTo[atlanassets.ADLSAccount](p.whole()))
	return a, nil
}

// NewADLSObject returns a new object: container/name. Errors: an empty name, a container without five segments.
func NewADLSObject(name, containerQualifiedName string) (*Asset[atlanassets.ADLSObject], error) {
	p, err := under("container", containerQualifiedName, bucketSegments+1, name)
	if err != nil {
		return nil, err
	}
	a := NewAsset[atlanassets.ADLSObject]()
	t := &a.Attributes
	place(&t.Asset, p, name, p.whole()+"/"+name)
	t.AdlsAccountName.Set(p[bucketSegments-1])
	t.AdlsAccountQualifiedName.Set(p.first(bucketSegments))
	t.AdlsContainerName.Set(p.last())
	t.AdlsContainerQualifiedName.Set(p.whole())
	t.AdlsContainer.Set(atlanassets.RefTo[atlanassets.ADLSContainer](p.whole()))
	return a, nil
}
